"""Every panel and dialog as a picture: ``python -m tests.screenshots --out FOLDER``."""

from tests.ui.pictures import main

if __name__ == "__main__":
    main()
