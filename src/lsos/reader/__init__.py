"""Reading untrusted pages in a child process that can be killed and holds nothing worth taking."""
