"""What the user wrote: ``mlops.yaml`` becomes a Project, or errors at file:line:column. Pure: text in, values out."""
