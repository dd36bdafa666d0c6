"""Measure how bounces are read: `python -m benchmarks.bounces FOLDER…`, no database.

FOLDER holds one report per file, such as `tests/data` of flufl.bounce's source distribution
(`pip download --no-binary :all: --no-deps flufl.bounce==6.0.0`) or `tests/emails` of npm's baunsu
0.2.3. What each of these says was judged by hand, by its words, before it was measured: *hard* is
about the address, *soft* about the sender, the message or the moment, *unclear* gives no reason and
is rightly soft, *delayed* says that the server still tries, *none* is no report.
"""

import argparse
import os
import sys
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import django

HARD = """
    bounce_02 dsn_10 dsn_11 dsn_12 dsn_13 dsn_14 dsn_15 dsn_16 dsn_18 exim_01 groupwise_01
    groupwise_02 llnl_01 microsoft_01 microsoft_02 microsoft_04 postfix_01 qmail_03 qmail_04
    qmail_05 simple_04 simple_05 simple_06 simple_08 simple_11 simple_12 simple_13 simple_15
    simple_19 simple_23 simple_25 simple_26 simple_27 simple_29 simple_30 simple_33 simple_34
    simple_36 simple_37 simple_39 simple_41 simple_43 smtp32_04 smtp32_06 smtp32_07 yahoo_03
    yahoo_05 yahoo_06 yahoo_07 yahoo_08 yahoo_09 yahoo_10 yahoo_11 yahoo_13 yale_01 bounce_aol
    bounce_charter bounce_cox bounce_earthlink bounce_exchange bounce_gmail bounce_hotmail
    bounce_me bounce_postfix bounce_yahoo
"""
SOFT = """
    aol_01 bounce_01 bounce_03 dsn_01 dsn_02 dsn_03 dsn_04 dsn_09 dumbass_01 hotpop_01
    netscape_01 newmailru_01 postfix_02 postfix_03 postfix_04 postfix_05 qmail_02 qmail_06
    qmail_07 sendmail_01 simple_01 simple_02 simple_07 simple_09 simple_14 simple_18 simple_32
    simple_38 simple_42 simple_44 simple_45 yahoo_01 yahoo_02 yahoo_04 bounce_att bounce_spam
"""
UNCLEAR = """
    caiwireless_01 microsoft_03 qmail_01 simple_10 simple_16 simple_17 simple_20 simple_24
    simple_31 sina_01 smtp32_01 smtp32_02 smtp32_03 smtp32_05 yahoo_12
"""
DELAYED = """
    dsn_05 dsn_06 dsn_07 dsn_08 dsn_17 simple_03 simple_21 simple_22 simple_28 simple_35
    simple_40
"""
NONE = "groupwise_03 qmail_08 auto_earthlink encoded_spam ordinary_gmail"
JUDGED = {
    name: label
    for label, names in {
        "hard": HARD, "soft": SOFT, "unclear": UNCLEAR, "delayed": DELAYED, "none": NONE,
    }.items()
    for name in names.split()
}  # fmt: skip
RIGHT = {"hard": "hard", "soft": "soft", "unclear": "soft", "delayed": "delayed", "none": "none"}


def read(path: Path) -> str:
    """Return what the hub reads in a report: hard, soft, delayed, or none where it is no report."""
    from preferences.gate.bounce_layouts import read_layouts

    kinds = {str(report.kind) for report in read_layouts(message_from_bytes(path.read_bytes()))}
    return next((kind for kind in ("hard", "soft", "delayed") if kind in kinds), "none")


def main() -> int:
    """Print the table. Return 0 if the aims are met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--list", action="store_true", help="name each report that is read wrong")
    options = parser.parse_args()
    os.environ.setdefault("HUB_ENV", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    files = [path for folder in options.folders for path in sorted(folder.glob("*.txt"))]
    results = [(JUDGED[path.stem], read(path), path) for path in files if path.stem in JUDGED]
    if not results:
        parser.error("none of these files has been judged")
    counts = Counter((judged, found) for judged, found, _path in results)
    columns = ("hard", "soft", "delayed", "none")
    print(f"{'judged':10}" + "".join(f"{'read ' + column:>14}" for column in columns))
    for label in RIGHT:
        print(f"{label:10}" + "".join(f"{counts[label, column]:14}" for column in columns))
    right = sum(RIGHT[judged] == found for judged, found, _path in results)
    wrong_hard = sum(found == "hard" != RIGHT[judged] for judged, found, _path in results)
    not_hard = sum(RIGHT[judged] != "hard" for judged, _found, _path in results)
    print(f"{right} of {len(results)} right ({right / len(results):.0%});", end=" ")
    print(f"{wrong_hard} of {not_hard} that are not hard taken as hard")
    for judged, found, path in results if options.list else ():
        if RIGHT[judged] != found:
            print(f"{path.name}: {judged}, read as {found}")
    return 0 if right / len(results) >= 0.85 and wrong_hard <= 0.01 * not_hard else 1


if __name__ == "__main__":
    sys.exit(main())
