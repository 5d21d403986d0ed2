"""HTTP of signing in, API keys, tenants, users and branding."""
