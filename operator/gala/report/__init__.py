"""What people see: status, conditions, Kubernetes Events, and the report of a night."""
