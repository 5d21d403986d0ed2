"""Scrapy as a peer: extracts title and links, no feed, no delay, same concurrency."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor

WIDTH = 32


class SiteSpider(scrapy.Spider):
    """Follows every link of one host, up to a number of pages."""

    name = "site"

    def __init__(self, url: str, pages: int) -> None:
        super().__init__()
        self.start_urls = [url]
        self.allowed_domains = [url.split("/")[2].split(":", maxsplit=1)[0]]
        self.seen = {url}
        self.most = pages
        self.done = 0
        self.links = LinkExtractor()

    def parse(self, response: Any) -> Iterator[Any]:
        self.done += 1
        response.css("title::text").get()
        for link in self.links.extract_links(response):
            if link.url not in self.seen and len(self.seen) < self.most:
                self.seen.add(link.url)
                yield scrapy.Request(link.url, callback=self.parse)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pages", type=int, default=2_000)
    arguments = parser.parse_args()
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": WIDTH,
            "CONCURRENT_REQUESTS_PER_DOMAIN": WIDTH,
            "DOWNLOAD_DELAY": 0,
            "LOG_ENABLED": False,
            "ROBOTSTXT_OBEY": False,
            "TELNETCONSOLE_ENABLED": False,
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
        }
    )
    crawler = process.create_crawler(SiteSpider)
    process.crawl(crawler, url=arguments.url, pages=arguments.pages)
    process.start()
    sys.stdout.write(f"{crawler.stats.get_value('downloader/response_count')}\n")
