"""The one Apache in front of the hub and of all four portals."""

from place import Place
from processes import Processes


def start(place: Place, processes: Processes) -> None:
    """Start Apache, once the portals have written their parts of its settings."""
    place.folder_for("run").chmod(0o755)
    place.folder_for("oidc", "www-data")
    for name in ("hub.conf", "sign-in.conf", "signed-out.html"):
        place.write(f"apache/{name}", f"apache/{name}", "www-data")
    settings = place.write("apache/apache2.conf", "apache/apache2.conf")
    command = ["/usr/sbin/apache2", "-f", str(settings), "-DFOREGROUND"]
    processes.start("apache", command, port=place.ports["hub"])
