# SPDX-License-Identifier: Apache-2.0
"""The known deviations from sops, as far as a program can recognise them. Each is a row of docs/differs.md and goes by the name of its test.

A predicate gets the encrypted document, sops's run and ours, is asked only where the two differ, and is as narrow as it can be: what sops
did, and what our message says.
"""
import pathlib
import re

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "differs.md"


def refuses(message, ours=(1,), theirs=(0,)):
    """We fail with a message (a pattern) and one of some statuses where sops ends with one of others."""
    pattern = re.compile(message.encode())
    return lambda document, their, our: our.status in ours and their.status in theirs and not their.crashed and pattern.search(our.stderr) is not None


def both(*predicates):
    return lambda *case: all(predicate(*case) for predicate in predicates)


def holds(pattern):
    """The document holds a text."""
    compiled = re.compile(pattern)
    return lambda document, theirs, ours: compiled.search(document) is not None


def prints_empty_comment(document, theirs, ours):
    return theirs.crashed and ours.status == 0 and re.search(rb"^; $", ours.stdout, re.M) is not None


def takes_type_bytes(document, theirs, ours):
    """A comment that does not open, or with --ignore-mac a MAC: either way no value."""
    return theirs.crashed and b"unhashable type" in theirs.stderr and ours.status == 0 and (b"could not be decrypted" in ours.stderr or "--ignore-mac" in ours.argv)


def holds_a_mark_inside(document, theirs, ours):
    """A byte order mark behind the first character; sops loses characters where one comes to lie at the start of its read buffer."""
    return theirs.status == 0 and ours.status == 0 and b"\xef\xbb\xbf" in document[3:]


def guesses_by_content(document, theirs, ours):
    """A file whose name says binary, and whose content is none of sops's binary documents, as where its `data` is gone."""
    return theirs.status == 4 and b"error emitting binary store" in theirs.stderr and ours.status == 0 and "--input-type" not in ours.argv


LOST_TEXT = "differs_refuses_lost_text"  # `decrypt --compat=sops` prints sops's bytes there, which the tests hold it to

# name of the row's test -> predicate(document, theirs, ours)
ROWS = {
    "differs_ini_empty_comment_line": prints_empty_comment,
    "differs_type_bytes": takes_type_bytes,
    LOST_TEXT: refuses("which sops prints as null", ours=(4,)),
    "differs_flat_refuses_a_dump": refuses("is not a simple one|ini output of a value that is not a string", ours=(4,)),
    "differs_refuses_cut_json": refuses("ended inside|cut off|unexpected end", theirs=(0, 1, 51)),
    "differs_refuses_comment_value": refuses("a value of type 'comment'|a comment that holds", ours=(25, 4), theirs=(0, 4, 51)),
    "differs_refuses_bad_pattern": refuses("the pattern of what is (not )?encrypted: ", theirs=(0, 4, 25, 51)),
    "differs_refuses_text_behind_the_bracket": both(refuses("not encrypted, or not in the format of sops", ours=(25, 51), theirs=(0, 1, 4, 51)),
                                                    holds(rb"ENC\[AES256_GCM,[^\]]*\](?![\"'`\\\s]|$)|ENC\[AES256_GCM,[^\]]*\]([ ]+[^\s#]|\\n|\s*\n\s*#|\s*\n[ \t]+[^\s#:][^:\n]*\n)")),
    "differs_refuses_tags_that_are_not_16_bytes": refuses("its tag has [0-9]+ bytes, not 16", ours=(25, 51), theirs=(0, 4, 51)),
    "differs_data_key_is_32_bytes": refuses("its data key has [0-9]+ bytes, not 32", ours=(25,), theirs=(0, 4, 51)),
    "differs_refuses_x_zero": refuses("a share with the number 0", ours=(128,), theirs=(0, 25, 51)),
    "differs_refuses_negative_threshold": refuses("'shamir_threshold' is negative", theirs=(0, 25, 51, 128)),
    "differs_threshold_is_plain_decimal": refuses("'shamir_threshold' has a value of the wrong type", theirs=(0, 25, 51, 128)),
    "differs_index_is_a_number": refuses("has an index that is not a number", theirs=(0, 25, 51, 128)),
    "differs_yaml_later_documents": both(refuses("line [0-9]+.*(its tag does not fit|twice|already|alias)", theirs=(0, 25, 51)), holds(rb"(?m)^---")),
    "differs_second_byte_order_mark": both(refuses("a second byte order mark", theirs=(0, 1, 25, 51)), holds(rb"^(\xef\xbb\xbf){2}")),
    "differs_byte_order_mark_inside": holds_a_mark_inside,
    "differs_extract_index_of_map": refuses("the extract path", theirs=(0,)),
    "differs_guesses_where_the_name_says_nothing": guesses_by_content,
    "differs_extract_of_a_comment": refuses("the extract path names a comment", theirs=(0,)),
}


def explain(document, theirs, ours):
    """The name of the row that explains a difference, or None."""
    for name, predicate in ROWS.items():
        if predicate(document, theirs, ours):
            return name
    return None


def stale():
    """Names that docs/differs.md does not have."""
    text = DOCS.read_text()
    return [name for name in ROWS if f"`{name}`" not in text]
