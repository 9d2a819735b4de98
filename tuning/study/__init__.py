"""A sweep as it runs and rests: its records, where its files lie, and what people are shown of it."""
