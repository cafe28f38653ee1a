"""What tests of releases share: the release manager, and what became of a release's recipients."""

import pytest

from accounts.tenancy import as_provider
from notifications.models import Mail
from releases import commands
from releases.models import Recipient
from tests import factories as make


@pytest.fixture
def rita(world):
    """The release manager."""
    return make.staff("Rita Releases", "release_manager").person


@pytest.fixture
def told():
    """Runs the distribution and says whom a release was told to: names and kinds of mail, sorted."""

    def run(release, now=make.NOW):
        while commands.distribute(now=now):
            pass
        with as_provider():
            mails = Mail.objects.filter(about_table="releases_release", about_id=release.pk)
            return sorted(mails.values_list("recipient__name", "kind"))

    return run


@pytest.fixture
def states():
    """How many recipients of a release are in which state."""

    def count(release, purpose="published"):
        with as_provider():
            found = {}
            for state in Recipient.objects.filter(release=release, purpose=purpose).values_list("state", flat=True):
                found[state] = found.get(state, 0) + 1
        return found

    return count
