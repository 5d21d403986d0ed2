"""Two commands that start at the same moment get ports of their own."""

import subprocess
import sys

import pytest

from lsos.cli.processes import CommandFailed, free_port

CHOOSE = "from lsos.cli.processes import free_port; print(free_port({port}, is_fixed=False))"


@pytest.mark.skipif(sys.platform != "linux", reason="claims are abstract sockets of Linux")
def test_a_port_that_is_chosen_is_taken_though_nothing_listens_yet() -> None:
    port = free_port(0, is_fixed=False)
    command = [sys.executable, "-c", CHOOSE.format(port=port)]
    other = int(subprocess.check_output(command))
    assert other != port
    with pytest.raises(CommandFailed, match=f"port {port} is in use"):
        free_port(port, is_fixed=True)
