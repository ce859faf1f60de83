"""Every place that opens a file: through the one door, or for a reason.

`rnncore/storage/intake.py` takes in what others made. The sources are read
as Python reads them; a call that opens or takes apart a file anywhere else
has to stand below, with why it needs no limits: whose the file is.
"""

import ast

import pytest

from tests.helpers import ROOT

DOOR = "rnncore/storage/intake.py"
FILES = "rnncore.storage.files"  # whose two readers ask for the size first
OPENERS = {  # the last name of a call, and of what it may be called
    "open": None,
    "FileIO": None,
    "read_text": None,
    "read_bytes": None,
    "ZipFile": None,
    "is_zipfile": None,
    "is_tarfile": None,
    "parse": {"converter", "ElementTree", "ET", "minidom"},
    "parseFile": None,
    "iterparse": None,
    "fromstring": {"ElementTree", "ET", "etree"},
    "read_csv": None,
    "read_excel": None,
    "load": {"np", "numpy", "torch", "json", "pickle", "tomllib", "yaml"},
    "loads": {"json", "pickle", "tomllib", "nbformat"},
    "read": {"nbformat"},
    "reads": {"nbformat"},
    "Unpickler": None,
    "loadmat": None,
    "loadtxt": None,
    "genfromtxt": None,
    "fromfile": None,
    "memmap": None,
    "decompress": None,
    "decompressobj": None,
    "imread": None,
    "imopen": None,
    "copy": {"shutil"},
    "copyfile": {"shutil"},
    "copytree": {"shutil"},
    "unpack_archive": None,
    "safe_open": None,
    "load_file": None,
}


REASONS = {
    "a file of the project's own, which comes with it": """
        grader/notebook/failures.py: _read_words_of_checks
        rnncore/commands/lab.py: choose_extensions
        rnncore/checking/answers.py: read_answers
        rnncore/apps/memory_ruler/command.py: _load_cell
        rnncore/comparison/ruler.py: stored_lags
        rnncore/data/music.py: tunes chorales
        rnncore/data/public/store.py: table
        rnncore/data/series.py: seattle_weather google_share
        rnncore/data/text.py: documentation_topics _texts
        rnncore/display/figures.py: bundle
        rnncore/fused/loop_cache.py: _versions
        rnncore/testing/closed.py: _index
        rnncore/testing/checks_file.py: _parsed read_checks unpack_checks
        grader/course/fingerprint.py: _fingerprint_code
        rnncore/testing/mutants.py: _open
        rnncore/testing/failure.py: name_answer
        grader/assignments/samples/coverage.py: read_first_run read_rows
        grader/assignments/rules.py: public_names
        grader/assignments/samples/sample_answers.py: read_answers _parse main
        grader/commands/init.py: make_settings
    """,
    "of a published set, whose bytes are compared with known sums": """
        rnncore/data/public/archives.py: sha256_of
        rnncore/data/public/pictures.py: avletters flickr8k
        rnncore/data/public/series.py: exchange_rate retail_turnover
            share_prices
        rnncore/data/public/store.py: verify
        rnncore/data/public/texts.py: multi30k piano_rolls
        rnncore/text/tunes.py: folk_tunes
        rnncore/apps/video/encoder.py: load_encoder
    """,
    "a member of an archive that the door opened, counted as it is read": """
        rnncore/data/public/archives.py: _copy
    """,
    "made by the same command, or an earlier run of it": """
        rnncore/apps/spine/runs.py: begin _read_seconds _read_plan
        rnncore/data/speech.py: speak .
        rnncore/fused/loop_cache.py: read
        rnncore/storage/checkpoint.py: read_checkpoint
        grader/assignments/builder.py: _read_text
        grader/systems/exported/collected.py: load_record
        grader/systems/gradescope.py: write
        grader/course/seeds.py: course_secret
        grader/course/settings.py: Course._enter_version Course.prepare
            Course.create_gradebook
        grader/course/submissions.py: load_result
        grader/course/versions.py: read
        grader/isolation/client.py: _read_code
        grader/isolation/server.py: main
        grader/notebook/pictures.py: read_pictures
        grader/notebook/restore.py: restore
        grader/reports/changes.py: write_changes _read_lines
        grader/reports/feedback.py: write_feedback
        grader/reports/rubric.py: model_answers
        grader/notebook/task_texts.py: list_tasks_with_points _read
        grader/run/exporter.py: _run
        grader/run/grade_one.py: give_up _grade _leave_out _grade_notebook
            _read_contents
        grader/commands/grade.py: _is_built
        grader/assignments/variants.py: Variants.__init__
        grader/run/preload.py: use_first
        grader/run/processes.py: run
        grader/run/record.py: _read_executed
        grader/systems/exchange.py: ReleaseFeedback.copy_files
        grader/systems/gradescope.py: in_words
        grader/systems/trial.py: read_solved try_gradescope
        grader/trusted/limited.py: _run_in_fork
    """,
    "the author's or the instructor's own file of the course": """
        grader/assignments/builder.py: _write_source
        grader/commands/build.py: replace_folder heed_trial
        grader/assignments/plain.py: prepare_notebooks
        grader/assignments/rules.py: find_explanations
        grader/assignments/source.py: _read_text
        grader/assignments/worked.py: read_reasons
        grader/systems/gradescope.py: _fill
        grader/course/by_hand/tables.py: open_table
        grader/commands/grade.py: _find_libraries
        grader/course/course_reader.py: read_course_file
        grader/run/trial.py: _make_course _list_tests _record_ways
        grader/systems/jupyterhub_config.py: read_learners
    """,
    "the learner's own, read by the learner's own command": """
        rnncore/checking/answers.py: read_all_cells
        rnncore/checking/client.py: read_cells
        rnncore/checking/processes.py: Runner.run
        rnncore/checking/runner.py: serve
        rnncore/checking/tries.py: read_tries
        rnncore/commands/answer.py: note_given_up
        rnncore/own/handin.py: fill Needs.collect
        rnncore/own/loading.py: read_files read_helpers answer
    """,
    "weights in safetensors: a length of the header that lies is refused by "
    "the library, and nothing is packed": """
        rnncore/apps/text/command.py: prepare
        rnncore/storage/weights.py: load_weights _read_header _sorted_header
    """,
    "of a submission that is collected: `untrusted` or `_check_file` counted "
    "its plain files before": """
        grader/commands/similarity.py: _read_given _code_in
        grader/course/fingerprint.py: _read_content
        grader/isolation/client.py: says_torch
        grader/notebook/repair.py: read_notebook read_timestamp
        grader/run/grade_one.py: _copy_files
    """,
    "put there by Gradescope, in a container for this one submission": """
        grader/commands/on_gradescope.py: grade_submission
    """,
    "a text that was counted just before": """
        grader/untrusted.py: notebook message
        grader/commands/marking.py: _Handler.do_POST
    """,
    "what the door, or a size before it, let through": """
        grader/notebook/answers.py: _read_answers
        rnncore/apps/forecast/tables.py: _read_rows
        rnncore/music/files.py: _read_musicxml
        rnncore/text/sample_quality.py: read_tune
    """,
    "written, not read": """
        rnncore/display/__init__.py: play
        rnncore/storage/files.py: whole_file
        rnncore/video/files.py: _encode _still
        grader/commands/give_back.py: _pack
        grader/systems/gradescope.py: _pack
    """,
    "of the operating system: a device, a control group, a process": """
        rnncore/checking/runner.py: .
        rnncore/apps/spine/common.py: unplug
        rnncore/apps/diagnose/process.py: _start
        grader/isolation/linux/groups.py: Group.__init__
            Group.count_killed _find_own _go_down
        grader/isolation/monitor.py: _get_inner_number
            _count_page_bytes _count_own_bytes
        grader/isolation/linux/huge_pages.py: _list_writable
        grader/isolation/linux/priority.py: list_threads
        grader/isolation/server.py: _let_go_of_streams _set_limits
            _run_learner
        grader/run/grade_one.py: _isolate
        grader/trusted/limited.py: limit_memory
    """,
    "hashed, piece by piece": """
        rnncore/apps/video/features.py: Encoder._keep
    """,
    "the door itself": """
        rnncore/storage/files.py: read_bytes read_text
    """,
}


def allowed():
    """The places in REASONS: file and function."""
    found, file = [], ""
    for text in REASONS.values():
        for word in text.split():
            if word.endswith(":"):
                file = word.removesuffix(":")
            else:
                found.append((file, "" if word == "." else word))
    return found


def names_of(node):
    """The parts of a dotted name, the last first."""
    if isinstance(node, ast.Attribute):
        return [node.attr, *names_of(node.value)]
    return [node.id] if isinstance(node, ast.Name) else [""]


def is_opener(call):
    last, *before = names_of(call.func)
    if last not in OPENERS:
        return False
    of = OPENERS[last]
    return of is None or bool(of & set(before))


def imported(tree):
    """What comes from the reader of files: names in this source."""
    return {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == FILES
        for name in node.names
    }


def through_the_door(call, known):
    """Whether a call is of a reader that asks for the size."""
    return isinstance(call.func, ast.Name) and call.func.id in known


def doors(source):
    """The functions of a source that open files, and what they call."""
    tree = ast.parse(source)
    known, found = imported(tree), {}

    def look(node, where):
        for child in ast.iter_child_nodes(node):
            inner = where
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{where}.{child.name}".strip(".")
            named = isinstance(child, ast.Call) and is_opener(child)
            if named and not through_the_door(child, known):
                called = ".".join(reversed(names_of(child.func)))
                found.setdefault(where, set()).add(called.strip("."))
            look(child, inner)

    look(tree, "")
    return found


def all_doors():
    return {
        (path.relative_to(ROOT).as_posix(), where): calls
        for top in ("rnncore", "grader")
        for path in sorted((ROOT / top).rglob("*.py"))
        if path != ROOT / DOOR
        for where, calls in doors(path.read_text("utf-8")).items()
    }


def test_every_place_that_opens_a_file_has_its_reason():
    found, listed = all_doors(), allowed()
    assert len(listed) == len(set(listed)), "a place stands twice"
    beside = {
        f"{file}: {where or 'the module'}": sorted(calls)
        for (file, where), calls in found.items()
        if (file, where) not in listed
    }
    assert not beside, (
        f"expected these to go through {DOOR}, or a reason in this file: "
        f"{beside}"
    )
    gone = [f"{f}: {w}" for f, w in listed if (f, w) not in found]
    assert not gone, f"these open no file any more: {gone}"


@pytest.mark.parametrize(
    "line",
    [
        "open(name)",
        "Path(name).read_bytes()",
        "zipfile.ZipFile(name)",
        "tarfile.open(name)",
        "av.open(name)",
        "converter.parse(name)",
        "pd.read_csv(name)",
        "np.load(name)",
        "torch.load(name)",
        "json.load(file)",
        "json.loads(text)",
        "loadmat(name)",
        "imageio.v3.imread(name)",
        "Image.open(name)",
        "ElementTree.parse(name)",
        "gzip.decompress(data)",
    ],
)
def test_a_new_door_is_found(line):
    source = f"class A:\n    def read(self):\n        return {line}"
    assert [*doors(source)] == ["A.read"]


def test_the_readers_that_ask_for_the_size_are_the_door():
    read = f"from {FILES} import read_text\ndef read(path):\n    read_text(path)"
    assert not doors(read)
    assert doors(read.replace(FILES, "elsewhere"))
