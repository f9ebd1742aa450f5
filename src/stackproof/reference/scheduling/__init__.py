"""Who gets which resources: fair shares and resource offers."""
