"""What `pip install .` brings, and that the environment is pinned."""

import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the sources, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "rnncore", folder / "rnncore")
    command = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        ".",
    ]
    subprocess.run([sys.executable, *command], cwd=folder, check=True)
    (path,) = folder.glob("rnncore-*.whl")
    return zipfile.ZipFile(path)


def test_the_package_brings_numpy_and_the_array_api_alone(wheel):
    (path,) = (n for n in wheel.namelist() if n.endswith("/METADATA"))
    metadata = message_from_string(wheel.read(path).decode())
    needs = [
        Requirement(line) for line in metadata.get_all("Requires-Dist")
    ]
    always = {r.name for r in needs if r.marker is None}
    assert always == {"numpy", "array-api-compat"}
    assert {"torch", "book"} <= set(metadata.get_all("Provides-Extra"))


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "rnncore").rglob("*")
        if path.suffix in {".py", ".mplstyle", ".json", ".safetensors"}
    }
    assert files <= set(wheel.namelist())


def test_direct_dependencies_are_exact_and_say_what_they_are_for():
    text = (ROOT / "requirements.txt").read_text()
    lines = [k for k in text.splitlines() if k and not k.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+( +# .+)?", line), (
            line
        )


def test_the_constraints_agree_with_the_requirements():
    def pins(name):
        found = re.findall(
            r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)",
            (ROOT / name).read_text(),
            re.MULTILINE,
        )
        return {re.sub(r"[-_.]+", "-", n).lower(): v for n, v in found}

    constraints = pins("constraints.txt")
    for name, version in pins("requirements.txt").items():
        assert constraints.get(name) == version, name
