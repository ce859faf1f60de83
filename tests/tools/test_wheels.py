"""Which pins can be installed where."""

import pytest
import requests
from packaging.requirements import Requirement

from tools.check import wheels

PURE = "a-1.0-py3-none-any.whl"
LINUX = "a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
ARM = "a-1.0-cp311-cp311-manylinux_2_28_aarch64.whl"
STABLE = "a-1.0-cp39-abi3-macosx_11_0_arm64.whl"
NEW_MAC = "a-1.0-cp311-cp311-macosx_26_0_arm64.whl"
WINDOWS = "a-1.0-cp311-cp311-win_amd64.whl"


def installs(system, *names, pin="a==1.0", python="3.11", pythons=""):
    files = [wheels.File(name, pythons) for name in names]
    where = {**wheels.SYSTEMS, **wheels.UNSERVED}[system]
    return wheels.can_install(Requirement(pin), files, where, python)


@pytest.mark.parametrize(
    ("system", "names", "can"),
    [
        ("linux-x86_64", [PURE], True),
        ("linux-x86_64", [LINUX], True),
        ("linux-aarch64", [LINUX], False),
        ("linux-aarch64", [LINUX, ARM], True),
        ("macos-arm64", [STABLE], True),
        ("macos-arm64", [NEW_MAC], False),
        ("macos-x86_64", [STABLE], False),
        ("windows-x86_64", [WINDOWS], True),
        ("windows-x86_64", ["a-1.0.tar.gz"], False),
        ("windows-x86_64", ["a-1.1-py3-none-any.whl"], False),
        ("linux-x86_64", [], False),
    ],
)
def test_a_wheel_fits_its_system(system, names, can):
    assert installs(system, *names) is can


def test_a_wheel_fits_its_python():
    assert not installs("linux-x86_64", LINUX, python="3.12")
    assert installs("macos-arm64", STABLE, python="3.14")
    assert not installs("linux-x86_64", PURE, pythons="<3.11")
    assert installs("linux-x86_64", PURE, pythons=">=3.11.4")


def test_a_marker_leaves_a_pin_out():
    pin = 'a==1.0; platform_system == "Linux"'
    assert installs("macos-arm64", LINUX, pin=pin)
    assert not installs("linux-aarch64", LINUX, pin=pin)


def test_a_source_will_do_only_where_it_needs_no_compiler():
    assert installs(
        "macos-arm64", "docopt-0.6.2.tar.gz", pin="docopt==0.6.2"
    )
    assert not installs("macos-arm64", "av-18.1.0.tar.gz", pin="av==18.1.0")


def test_what_is_missing_is_told_by_system(monkeypatch, tmp_path, capsys):
    pins = tmp_path / "pins.txt"
    pins.write_text("# two\na==1.0\nb==2.0  # a comment\n")
    have = {"a": [LINUX], "b": ["b-2.0-py3-none-any.whl"]}
    monkeypatch.setattr(
        wheels,
        "fetch_files",
        lambda index, name: [*map(wheels.File, have[name])],
    )
    monkeypatch.setattr(wheels, "read_supported_pythons", lambda: ["3.11"])
    assert wheels.main([str(pins)])
    said = capsys.readouterr().out
    for system in wheels.SYSTEMS.keys() - {"linux-x86_64"}:
        assert f"a==1.0: nothing for {system} with Python 3.11" in said
    assert "b==2.0" not in said
    pins.write_text("b==2.0")
    assert not wheels.main([str(pins)])


def test_a_line_that_pins_nothing_is_refused(tmp_path):
    (tmp_path / "pins.txt").write_text("a>=1.0\n")
    with pytest.raises(ValueError, match="NAME==VERSION"):
        wheels.read_pins(tmp_path / "pins.txt")


def test_an_index_that_does_not_answer_is_no_missing_wheel():
    with pytest.raises(requests.RequestException):
        wheels.fetch_files("http://127.0.0.1:9/simple", "a")


def test_all_pins_of_the_course_can_be_read():
    pins = wheels.read_pins(wheels.ROOT / "requirements/constraints.txt")
    assert "torch" in {pin.name for pin in pins}
    cuda = [pin for pin in pins if pin.name.startswith("nvidia-")]
    linux, mac = (
        wheels._describe(wheels.SYSTEMS[name], "3.13")
        for name in ("linux-x86_64", "macos-arm64")
    )
    assert len(cuda) >= 10
    assert all(pin.marker.evaluate(linux) for pin in cuda)
    assert not any(pin.marker.evaluate(mac) for pin in cuda)
