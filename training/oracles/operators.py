def write_operators(folder): pass
