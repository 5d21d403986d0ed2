# lint: allow L08 — a script of one file: each rule is a line of the table and a function
"""Rules of the architecture that no general linter knows, so that no review must look for them."""

import argparse
import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PYTHON_FOLDERS = ("src", "tools", "tests", "migrations")
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 60
RULES = {
    "L00": ("an escape that is malformed or allows nothing", "write `lint: allow L05 — reason`"),
    "L01": ("commit or begin outside core", "a commit in mid-request drops the tenant"),
    "L02": ("SQL in a controller or task", "queries and service own SQL, so that it has one home"),
    "L03": ("litestar below the controller", "use cases also run in the worker and the CLI"),
    "L04": ("annotations hidden at run time", "litestar, msgspec and SQLAlchemy read them then"),
    "L05": ("wall clock outside core/clock.py", "tests move one clock; all times are aware UTC"),
    "L06": ("system_session outside its allow-list", "it sees all tenants; a new importer: an ADR"),
    "L07": (
        "inner part of another room",
        "its routes, jobs, tables and bodies are its own business",
    ),
    "L08": ("too long", f"over {MAX_FILE_LINES} lines a file, {MAX_FUNCTION_LINES} a function"),
    "L09": ("IO or clock in a pure module", "pure code is tested by tables and may run anywhere"),
    "L10": ("function that only forwards its arguments", "call the target itself"),
    "L11": ("mock", "a mock passes when the real part would fail; run the real part"),
    "L12": ("machine path or registry host", "the project runs on other machines than this one"),
    "L13": ("SQL over another room's table", "its rows are its own business: ask its queries"),
}
"""Code: the violation, and why it matters or what to do instead."""

SYSTEM_SESSION_IMPORTERS = {
    "core/metrics/*": "figures of a process belong to no tenant",
    "core/queue/sweeper.py": "repairs and purges the jobs of all tenants",
    "domains/auth/*": "login and tenant administration happen before a tenant is known",
    "domains/reference/service.py": "the library belongs to the platform (ADR 0026)",
    "domains/health/*": "rolls up the platform's figures over all tenants",
    "domains/reports/schedules.py": "the tick finds the due schedules of all tenants",
    "cli/*": "the operator administers the platform",
}
INNER_PARTS = {"", "controller", "models", "room", "schemas", "store", "tasks", "views"}
PURE_PACKAGES = ("web/", "checks/")
PURE_PARTS = {"rules", "build", "render"}
IO_LIBRARIES = {"aiohttp", "arq", "asyncpg", "httpx", "redis", "requests", "sqlalchemy"}
IO_MODULES = {"asyncio", "http.client", "os", "pathlib", "shutil", "socket", "urllib.request"}
PROCESS_MODULES = {"multiprocessing", "subprocess", "tempfile", "threading", "time"}
IO_CORE = {f"lsos.core.{name}" for name in ("clock", "db", "outbound.client", "queue", "redis")}
IMPURE = IO_LIBRARIES | IO_MODULES | PROCESS_MODULES | IO_CORE
CLOCK_METHODS = ("date.today", "datetime.now", "datetime.today", "datetime.utcnow")
CLOCK_READS = {f"datetime.{name}" for name in CLOCK_METHODS} | {"time.time", "time.time_ns"}
SQL_VERBS = {"delete", "insert", "select", "text", "update"}
SQL_START = re.compile(r"\b(?:select|insert into|update|delete from)\s")
SQL_TABLE = re.compile(r"\b(?:from|join|into|update)\s+(\w+)")
SESSION_READS = {"execute", "scalar", "scalars", "stream", "stream_scalars"}
SESSION_NAMES = {"conn", "connection", "db", "session"}

ALLOW = re.compile(r"lint: allow (?P<codes>L\d\d(?:, ?L\d\d)*) (?:—|-{1,2}) \S")
MENTIONS_ALLOW = re.compile(r"#\s*lint:")
# Split into pieces, so that this file passes its own rule.
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "deb.deb" + "ian.org")
REGISTRY_HOST = re.compile("|".join(map(re.escape, (*HOSTS, "proxy.go" + "lang"))))
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|farm|root)/[\w.-]+")
HOME_PATH = re.compile(r"(?<![\w./-])/(?:home|Users)/\w[\w.-]*/")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    path: str
    line: int
    code: str
    detail: str

    def __str__(self) -> str:
        what, why = RULES[self.code]
        return f"{self.path}:{self.line}: {self.code} {what}: {self.detail} ({why})"


Hit = tuple[ast.stmt | ast.expr, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source:
    """A Python file, its place in the architecture, and what its names refer to."""

    def __init__(self, path: str, text: str) -> None:
        self.path = PurePosixPath(path)
        self.nodes = list(ast.walk(ast.parse(text)))
        self.inside = path.removeprefix("src/lsos/") if path.startswith("src/lsos/") else ""
        steps = self.inside.removesuffix(".py").split("/")
        in_room = steps[0] == "domains" and len(steps) > 2
        self.room = steps[1] if in_room else ""
        self.part = steps[2] if in_room else ""
        self.functions = [n for n in self.nodes if isinstance(n, Function)]
        self.calls = [n for n in self.nodes if isinstance(n, ast.Call)]
        self.imports: list[Hit] = []  # each import statement with the dotted name it imports
        self.aliases: dict[str, str] = {}  # local name -> dotted name
        for node in self.nodes:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for alias in node.names:
                base = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                name = base + alias.name
                self.imports.append((node, name))
                if not (base or alias.asname):  # `import a.b` binds a
                    name = name.partition(".")[0]
                self.aliases[alias.asname or (alias.name if base else name)] = name

    @cached_property
    def uses(self) -> list[Hit]:
        """Each name or attribute chain that starts with an import, by its full dotted name."""
        named = [n for n in self.nodes if isinstance(n, ast.Name | ast.Attribute)]
        return [(node, name) for node in named if (name := self._dotted(node))]

    @property
    def reached(self) -> list[Hit]:
        """Imports, and uses of attributes of imported modules."""
        return self.imports + [hit for hit in self.uses if isinstance(hit[0], ast.Attribute)]

    def _dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, "")
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""


def is_within(name: str, packages: Collection[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def transaction_control(source: Source) -> Iterator[Hit]:
    if not source.inside or source.inside.startswith("core/"):
        return
    for call in source.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"begin", "commit"}:
            yield call, f".{call.func.attr}()"


def sql_at_the_door(source: Source) -> Iterator[Hit]:
    if source.part not in {"controller", "tasks"}:
        return
    for node, name in source.reached:
        if is_within(name, ("sqlalchemy",)) and name.rpartition(".")[2] in SQL_VERBS:
            yield node, name
    for call in source.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in SESSION_READS:
            continue
        owner = call.func.value
        name = str(getattr(owner, "id", getattr(owner, "attr", "")))
        if name.lstrip("_") in SESSION_NAMES:
            yield call, f"{name}.{call.func.attr}()"


def http_below_the_door(source: Source) -> Iterator[Hit]:
    if source.part in {"models", "queries", "rules", "service", "tasks"}:
        yield from (hit for hit in source.imports if is_within(hit[1], ("litestar",)))


def hidden_annotations(source: Source) -> Iterator[Hit]:
    if source.path.parts[0] != "src":
        return
    run_time = source.part in {"controller", "models", "schemas"}
    for node, name in source.reached:
        # The first is banned everywhere: a struct moved to schemas must keep working.
        if name == "__future__.annotations" or (name == "typing.TYPE_CHECKING" and run_time):
            yield node, name


def wall_clock(source: Source) -> Iterator[Hit]:
    if source.path.parts[0] in {"src", "tools"} and source.inside != "core/clock.py":
        yield from (hit for hit in source.uses if hit[1] in CLOCK_READS)


def system_session(source: Source) -> Iterator[Hit]:
    if not source.inside or any(fnmatch(source.inside, p) for p in SYSTEM_SESSION_IMPORTERS):
        return
    yield from (hit for hit in source.imports if is_within(hit[1], ("lsos.core.db.system",)))


def other_rooms(source: Source) -> Iterator[Hit]:
    if not source.room:
        return
    for node, name in source.imports:
        room, _, rest = name.partition("lsos.domains.")[2].partition(".")
        if room not in {"", source.room} and rest.partition(".")[0] in INNER_PARTS:
            yield node, name


def long_functions(source: Source) -> Iterator[Hit]:
    if source.path.parts[0] not in {"src", "tools"}:
        return
    for function in source.functions:
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield function, f"{function.name} has {length} lines"


def impure(source: Source) -> Iterator[Hit]:
    if source.part not in PURE_PARTS and not source.inside.startswith(PURE_PACKAGES):
        return
    yield from (hit for hit in source.imports if is_within(hit[1], IMPURE))
    for call in source.calls:
        if isinstance(call.func, ast.Name) and call.func.id in {"input", "open", "print"}:
            yield call, f"{call.func.id}()"


@cache
def table_owners() -> dict[str, str]:
    """The room of each table that a room's models declare."""
    declared = re.compile(r'__tablename__ = "(\w+)"')
    return {
        table: path.parent.name
        for path in (ROOT / "src/lsos/domains").glob("*/models.py")
        for table in declared.findall(path.read_text(encoding="utf-8"))
    }


def foreign_tables(source: Source) -> Iterator[Hit]:
    if not source.room:
        return
    for node in source.nodes:
        pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "?".join(str(getattr(piece, "value", "")) for piece in pieces)
        if not isinstance(node, ast.JoinedStr | ast.Constant) or not SQL_START.search(text):
            continue
        for table in SQL_TABLE.findall(text):
            if table_owners().get(table, source.room) != source.room:
                yield node, table


def forwarders(source: Source) -> Iterator[Hit]:
    if source.part not in {"queries", "service"}:
        return
    for function in source.functions:
        body = function.body[1:] if ast.get_docstring(function) else function.body
        if len(body) != 1 or function.decorator_list:
            continue
        value = body[0].value if isinstance(body[0], ast.Return | ast.Expr) else None
        call = value.value if isinstance(value, ast.Await) else value
        if not isinstance(call, ast.Call):
            continue
        spec = function.args
        own = [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
        own = [name for name in own if name not in {"self", "cls"}]
        given = [getattr(a, "id", "") for a in call.args]
        given += [k.arg or "" if k.arg == getattr(k.value, "id", "") else "" for k in call.keywords]
        if own and own == given and not (spec.vararg or spec.kwarg):
            yield function, function.name


def mocks(source: Source) -> Iterator[Hit]:
    mocking = {"mock", "pytest_mock", "unittest.mock"}
    yield from (hit for hit in source.imports if is_within(hit[1], mocking))


CHECKS: dict[str, Callable[[Source], Iterator[Hit]]] = {
    "L01": transaction_control,
    "L02": sql_at_the_door,
    "L03": http_below_the_door,
    "L04": hidden_annotations,
    "L05": wall_clock,
    "L06": system_session,
    "L07": other_rooms,
    "L08": long_functions,
    "L09": impure,
    "L10": forwarders,
    "L11": mocks,
    "L13": foreign_tables,
}


def escapes(path: str, text: str) -> tuple[set[tuple[int, str]], list[Finding]]:
    """The (line, code) pairs that comments allow, and the malformed comments."""
    allowed: set[tuple[int, str]] = set()
    faults: list[Finding] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not MENTIONS_ALLOW.search(token.string):
            continue
        match = ALLOW.search(token.string)
        codes = re.findall(r"L\d\d", match["codes"]) if match else []
        if not match or not RULES.keys() >= set(codes):
            faults.append(Finding(path, token.start[0], "L00", token.string))
        allowed |= {(token.start[0], code) for code in codes}
    return allowed, faults


def check_python(path: str, text: str) -> list[Finding]:
    """All findings but L12; `path` is relative to the repository, with forward slashes."""
    try:
        source = Source(path, text)
    except SyntaxError as error:
        return [Finding(path, error.lineno or 1, "L00", f"does not parse: {error.msg}")]
    allowed, findings = escapes(path, text)
    hits = []
    for code, check in CHECKS.items():
        for node, detail in check(source):
            last = None if isinstance(node, Function) else node.end_lineno
            hits.append((node.lineno, last or node.lineno, code, detail))
    length = text.count("\n")
    if length > MAX_FILE_LINES and source.path.parts[0] in {"src", "tools"}:
        hits.append((1, 1, "L08", f"{length} lines"))
    idle = allowed.copy()
    for first, last, code, detail in hits:
        # ruff format may move a trailing comment to the closing bracket.
        keys = {(line, code) for line in (first, last)}
        idle -= keys
        if not keys & allowed:
            findings.append(Finding(path, first, code, detail))
    unused = [(line, code) for line, code in idle if code != "L12"]
    findings += [Finding(path, line, "L00", f"{code} is not broken here") for line, code in unused]
    return sorted(set(findings))


def check_text(path: str, text: str) -> list[Finding]:
    """Findings of L12, in any kind of text file."""
    patterns = [REGISTRY_HOST, MACHINE_PATH]
    if not path.startswith(
        "tests/data/"
    ):  # recorded pages contain links to paths below one named home
        patterns.append(HOME_PATH)
    lines = text.split("\n")
    findings = []
    for match in (m for pattern in patterns for m in pattern.finditer(text)):
        line = text.count("\n", 0, match.start()) + 1
        allow = ALLOW.search(lines[line - 1])
        if not allow or "L12" not in allow["codes"]:
            findings.append(Finding(path, line, "L12", match[0]))
    return findings


def tracked_files() -> list[Path]:
    """Files known to git, including new ones; without git (an unpacked archive), Python files."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [ROOT / name for name in listed.split("\0") if name]
    return [path for folder in PYTHON_FOLDERS for path in (ROOT / folder).rglob("*.py")]


def check_file(path: Path) -> list[Finding]:
    name = path.resolve().relative_to(ROOT).as_posix()
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return []
    text = data.decode(errors="replace")
    findings = check_text(name, text)
    in_scope = name.startswith(tuple(f"{folder}/" for folder in PYTHON_FOLDERS))
    if name.endswith(".py") and in_scope and not name.startswith("tests/data/"):
        findings += check_python(name, text)
    return findings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="default: all files that git tracks")
    paths = parser.parse_args(arguments).paths
    files = [p for p in paths or tracked_files() if p.is_file() and not p.is_symlink()]
    findings = sorted(finding for path in files for finding in check_file(path))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
