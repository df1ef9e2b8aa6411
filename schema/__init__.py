"""The schema: class repository, MOF compiler, families stamped per prefix, instance layouts."""
