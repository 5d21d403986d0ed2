"""`python -m tools.bench [topic ...]`: run benchmarks, all of them by default."""

import argparse

from tools.bench import api, crawl, dashboard, entity, graph, health, idle, queue, rank, report

TOPICS = {
    "api": api.main,
    "crawl": crawl.main,
    "dashboard": dashboard.main,
    "entity": entity.main,
    "graph": graph.main,
    "health": health.main,
    "idle": idle.main,
    "queue": queue.main,
    "report": report.main,
    "rank": rank.main,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="topic", help=", ".join(TOPICS))
    topics = parser.parse_args().topics or list(TOPICS)
    if unknown := sorted(set(topics) - set(TOPICS)):
        parser.error(f"no topic {', '.join(unknown)}; topics are {', '.join(TOPICS)}")
    for topic in topics:
        TOPICS[topic]()
