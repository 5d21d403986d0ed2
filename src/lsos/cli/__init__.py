"""The command line.

Each command is a module that is imported only when it runs, so that `lsos up` does not load what
only a worker needs.
"""

import sys
from importlib import import_module

import click

from lsos import __version__
from lsos.core.errors import LsosError

COMMANDS = {
    "up": ("up", "Start PostgreSQL, Valkey, the API, a worker and a demo; run until Ctrl-C."),
    "audit": ("audit", "Audit one site through the same pipeline as every campaign."),
    "migrate": ("migrate", "Migrate the database to the latest schema."),
    "api": ("api", "Serve the API (uvicorn, uvloop)."),
    "worker": ("worker", "Run workers; restart any that die."),
    "tenant-create": ("accounts", "Create a tenant with its first user; prints the password once."),
    "password-reset": ("accounts", "Set a user's password and end all sessions of the account."),
    "doctor": ("doctor", "Check settings, stores, roles, tenant isolation and schema."),
    "reference": ("reference", "Validate releases of the reference library."),
}
"""Command name: module of this package, and its line in `lsos --help`."""


class Commands(click.Group):
    """Imports a command's module when the command runs."""

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
    """LSOS: crawl, audit, measure and report on local search for many businesses."""


def main() -> None:
    """Entry point; prints expected errors as one message, without a traceback."""
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
