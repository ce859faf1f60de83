"""The folders of tools/ import one way."""

from collections import defaultdict
from graphlib import TopologicalSorter

from tests.helpers import ROOT
from tests.helpers.import_order import list_imports


def test_no_folder_of_the_tools_is_imported_by_one_that_it_imports():
    imported = defaultdict(set)
    for path in (ROOT / "tools").rglob("*.py"):
        folder = path.relative_to(ROOT).with_suffix("").parts[1]
        for module in list_imports(path):
            imported[folder].update(module.split(".")[1:2])
        imported[folder].discard(folder)
    assert {"build", "pages", "site", "train"} <= {*imported}
    TopologicalSorter(imported).prepare()  # refuses a circle of any length
