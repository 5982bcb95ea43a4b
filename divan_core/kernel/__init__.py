"""What every context may import: values, ports and rules that belong to no single context."""
