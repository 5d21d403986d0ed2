"""A worker process that knows the sample room, too."""

import argparse

from lsos.room import Joints
from lsos.rooms import ROOMS
from lsos.worker import main
from tests.support.sample_room.room import ROOM

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue")
    main(parser.parse_args().queue, rooms=Joints((*ROOMS, ROOM)))
