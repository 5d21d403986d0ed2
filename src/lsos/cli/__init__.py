"""The command line: everything that is done with LSOS on a machine.

Each command is a module of its own, imported when it is asked for: `lsos up` must not wait for
what only a worker needs.
"""

import sys
from importlib import import_module

import click

from lsos import __version__
from lsos.core.errors import LsosError

COMMANDS = {
    "up": ("up", "Start PostgreSQL, Valkey, API, worker and a demo; serve until Ctrl-C."),
    "audit": ("audit", "Audit one site through the same pipeline as every campaign."),
    "migrate": ("migrate", "Bring the database to the newest schema."),
    "api": ("api", "Serve the API (uvicorn, uvloop)."),
    "worker": ("worker", "Work on jobs; one that dies is started again."),
    "tenant-create": ("accounts", "Make a tenant with its first user; the password is shown once."),
    "password-reset": ("accounts", "Set a user's password and end all sessions of the account."),
    "doctor": ("doctor", "Examine settings, stores, roles, isolation and schema."),
    "reference": ("reference", "Check releases of the reference library."),
}
"""Name: module of this package, and the line in `lsos --help`."""


class Commands(click.Group):
    """Imports a command's module when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="lsos")
def cli() -> None:
    """LSOS: crawl, audit, measure and report the local search of many businesses."""


def main() -> None:
    """Entry point: an error of ours is one message, never a trace."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except LsosError as error:
        click.secho(error.message, fg="red", err=True)
        sys.exit(1)
