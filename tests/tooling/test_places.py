"""Sockets fit into the kernel's address, wherever the checkout lies."""

from pathlib import Path

from tooling.places import Place


def test_sockets_lie_inside_a_place_with_a_short_path(tmp_path: Path):
    place = Place(tmp_path)
    place.create()
    assert len(str(tmp_path)) < 80

    assert place.sockets() == place.root / "sockets"


def test_a_long_path_gets_a_private_short_folder_and_keeps_it(tmp_path: Path):
    place = Place(tmp_path / ("a" * 120))
    place.create()

    first = place.sockets()

    assert len(str(first)) < 90
    assert first.stat().st_mode & 0o777 == 0o700
    assert place.sockets() == first
    first.rmdir()


def test_a_path_that_an_address_would_have_to_quote_gets_one_too(tmp_path: Path):
    place = Place(tmp_path / "my checkout")
    place.create()

    folder = place.sockets()

    assert " " not in str(folder)
    folder.rmdir()


def test_a_remembered_folder_that_others_may_enter_is_not_used(tmp_path: Path):
    place = Place(tmp_path / "my checkout")
    place.create()
    first = place.sockets()
    first.chmod(0o755)

    second = place.sockets()

    assert second != first
    first.rmdir()
    second.rmdir()
