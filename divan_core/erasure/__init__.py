"""Erasure: everything personal of somebody who leaves, removed step by step."""
