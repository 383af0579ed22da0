import click
@click.command()
def explain(): "x"
