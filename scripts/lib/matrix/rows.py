"""The rows of the table of scripts/matrix."""

from streams import access_units, compare

HEAD = "| case | sent | received | complete | bit-exact | seconds | |\n| --- | ---: | ---: | --- | --- | ---: | --- |"


class Row:
    def __init__(self, good, note="", figures=("", "", "", "", "")):
        self.good, self.note, self.figures = good, note, figures

    def __str__(self):
        note = self.note if self.good else f"**failed** {self.note}"
        return " | ".join((*map(str, self.figures), note.strip()))


def checks(**results):
    """A row of things that were to be seen."""
    failed = [name.replace("_", " ") for name, result in results.items() if not result]
    return Row(not failed, "not seen: " + ", ".join(failed) if failed else ", ".join(results).replace("_", " "))


def frames(sent, path, seconds, note=""):
    """A row of frames sent against those of a file."""
    received = access_units(path)
    found, missing = compare(sent, received)
    wrong = len(received) - found
    if missing:
        note += f"; missing {', '.join(map(str, missing[:8]))}{' …' if len(missing) > 8 else ''}"
    if wrong:
        note += f"; {wrong} were not sent so"
    exact, words = bool(received) and not wrong, ("no", "yes")
    figures = (len(sent), len(received), words[not missing], words[exact], f"{seconds:.1f}")
    return Row(exact and not missing, note.removeprefix("; "), figures)
