"""Pure rules: values in, decisions out. They import nothing of ours, and know no storage and no clock."""
