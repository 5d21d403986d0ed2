"""Link graph of a large site: CPU and memory to build it from packed links and analyse it.

`python -m tools.bench.graph --pages 100000` measures in this process and prints JSON.
"""

import argparse
import json
import random
import resource
import sys
import time

import msgspec

from lsos.checks.engine import bind
from lsos.checks.graph import NodeFlag
from lsos.checks.graph_builder import GraphBuilder
from lsos.checks.site import SiteContext, SiteFacts
from lsos.cli.processes import peak_mb
from lsos.core.clock import now
from lsos.domains.audit.graph import edges
from lsos.domains.crawl.whole_run import unpack_references
from tools.bench.measure import console, run, table, write

PAGES = 100_000
LINKS, NAV_LINKS, NEAR_LINKS = 60, 20, 20
"""Links per page: all; to the first pages of the site; to the next pages. The rest is random."""
BAR_MB, BAR_CPU_S = 300.0, 10.0
ORIGIN = "https://www.example.com"
FLAGS = NodeFlag.READ | NodeFlag.PAGE | NodeFlag.INDEXABLE | NodeFlag.ELIGIBLE


def main() -> None:
    cost = run([sys.executable, "-m", "tools.bench.graph", "--pages", str(PAGES)])
    found = json.loads(cost.stdout)
    table(
        f"link graph of {PAGES:,} pages with {found['links']:,} links",
        ["", "CPU s", "peak MB until then"],
        [[name, *figures] for name, figures in found["steps"].items()],
    )
    cpu_s = sum(cpu_s for cpu_s, _ in found["steps"].values())
    graph_mb = cost.peak_mb - found["steps"]["before"][1]
    console.print(
        f"CPU {cpu_s:.2f} s (bar {BAR_CPU_S:g}); process at most {cost.peak_mb:.0f} MB (bar"
        f" {BAR_MB:g}), of it {graph_mb:.0f} MB for the graph"
    )
    figures = {
        "pages": PAGES, "cpu_s": cpu_s, "peak_mb": cost.peak_mb, "graph_mb": graph_mb, **found
    }  # fmt: skip
    write("graph", {**figures, "bar_cpu_s": BAR_CPU_S, "bar_mb": BAR_MB}, "make bench T=graph")


class _Site:
    """Pages in order of their keys, with links packed as in crawl_pages."""

    def __init__(self, pages: int) -> None:
        self._draw = random.Random(1)
        self.keys = sorted(self._draw.sample(range(2**62), pages))

    def packed(self, at: int) -> bytes:
        size = len(self.keys)
        linked = [*range(NAV_LINKS), *((at + n) % size for n in range(1, NEAR_LINKS + 1))]
        linked += [self._draw.randrange(size) for _ in range(LINKS - len(linked))]
        targets = [self.keys[n % size] for n in linked]
        flags = [int(n % 50 == 0) for n in range(LINKS)]
        return msgspec.msgpack.encode((targets, flags, ["Anchor of some words"] * LINKS))


class _Steps:
    def __init__(self) -> None:
        self.measured: dict[str, tuple[float, float]] = {}
        self._since = time.process_time()
        self._left_out = 0.0

    def leave_out(self, cpu_s: float) -> None:
        self._left_out += cpu_s

    def end(self, name: str) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = time.process_time() - self._since - self._left_out
        self.measured[name] = round(cpu_s, 3), round(peak_mb(usage.ru_maxrss), 1)
        self._since, self._left_out = time.process_time(), 0.0


def _measure(pages: int) -> None:
    site = _Site(pages)
    checks = bind({})
    steps = _Steps()
    steps.end("before")
    builder = GraphBuilder()
    for at, key in enumerate(site.keys):
        builder.add_node(key, f"{ORIGIN}/services/of-some-kind/page-{at}", FLAGS)
    for at, key in enumerate(site.keys):
        began = time.process_time()
        raw = site.packed(at)
        steps.leave_out(time.process_time() - began)
        found = unpack_references(raw)
        builder.add_links(key, found.targets, edges(found.flags))
    graph = builder.build(site.keys[0])
    del builder
    steps.end("unpack and build")
    _ = graph.followed_inlinks, graph.nofollow_inlinks, graph.other_references
    steps.end("inlinks by follow state")
    _ = graph.clicks, graph.followed_clicks
    steps.end("depth, by all and by followed links")
    context = SiteContext(
        start_url=f"{ORIGIN}/", host="www.example.com", domain="example.com", is_private_host=False
    )
    facts = SiteFacts(context=context, now=now(), hosts={}, page_count=pages, graph=graph)
    checks.run_site(facts)
    steps.end("checks of the graph")
    graph.sources_of(site.keys[:NAV_LINKS])
    steps.end("pages that link to 20 of the navigation")
    total = float(graph.page_rank.sum())
    steps.end("internal PageRank")
    if abs(total - 1) > 1e-6:
        raise RuntimeError(f"the ranks sum to {total}")
    print(json.dumps({"links": pages * LINKS, "edges": graph.edge_count, "steps": steps.measured}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=PAGES)
    _measure(parser.parse_args().pages)
