"""What all providers of measurements share: errors, permits, retries, breaker, proxies."""
