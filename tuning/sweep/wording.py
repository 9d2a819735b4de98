"""The words in which a mistake is told: what is wrong, and what would be right."""

import difflib
from collections.abc import Collection

from pydantic_core import ErrorDetails

from tuning.sweep.plain_data import shown


def unknown(name: str, known: Collection[str], what: str, at_most: int = 1) -> str:
    """That a name is none of those known, and which of them may be meant."""
    return what + (nearest(name, known, at_most) or f"; known: {', '.join(known)}")


def nearest(name: str, known: Collection[str], at_most: int = 1) -> str:
    """A question to end a message with, where known names are near."""
    near = difflib.get_close_matches(name, known, n=at_most, cutoff=0.6)
    return f"; did you mean {one_of(near)}?" if near else ""


def one_of(words: Collection[str]) -> str:
    """The words as a choice: a, b or c."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def sentence(error: ErrorDetails) -> str:
    """What pydantic found, as this project says it."""
    context, value = error.get("ctx", {}), error["input"]
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "has no place here"
        case "value_error":
            return f"{context['error']}, is {shown(value)}"
        case "greater_than":
            should = f"above {number(context['gt'])}"
        case "greater_than_equal":
            should = f"at least {number(context['ge'])}"
        case "less_than":
            should = f"below {number(context['lt'])}"
        case "less_than_equal":
            should = f"at most {number(context['le'])}"
        case "literal_error":
            should = str(context["expected"]).replace("'", "")
        case "int_type" | "int_from_float" | "int_parsing":
            should = "a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            should = "a number"
        case "bool_type" | "bool_parsing":
            should = "true or false"
        case "string_type":
            should = "text"
        case "tuple_type" | "list_type":
            should = "a list"
        case "dict_type" | "model_type" | "model_attributes_type":
            should = "a mapping"
        case _:
            return f"{error['msg']}, is {shown(value)}"
    return f"should be {should}, is {shown(value)}"


def number(bound: float) -> str:
    """A bound as people write it: whole numbers as such, with their thousands apart."""
    return f"{int(bound):_}" if float(bound).is_integer() else repr(bound)
