# The commands of every day. With another Python: make test PYTHON=.venv/bin/python
PYTHON ?= python
FONT ?= FluidR3_GM.sf2
# Folders of tunes in ABC notation, to be arranged beside the composed pieces: see musicgen/train/airs.py
TUNES ?=

.PHONY: install run test lint check data codec tokens lm prior ship listener evaluate

install:
	$(PYTHON) -m pip install -r requirements-dev.txt

run:
	$(PYTHON) app.py

test:
	$(PYTHON) -m pytest

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

check:
	$(PYTHON) -m musicgen check

# The bundled model, stage by stage; each goes on where it was stopped. `ship` replaces the model in assets/pocket.
data:
	$(PYTHON) -m musicgen.train.data --soundfont $(FONT) $(if $(TUNES),--tunes $(TUNES))

codec:
	$(PYTHON) -m musicgen.train.codec

tokens:
	$(PYTHON) -m musicgen.train.tokens text
	$(PYTHON) -m musicgen.train.tokens codes
	$(PYTHON) -m musicgen.train.tokens heard

lm:
	$(PYTHON) -m musicgen.train.lm

prior:
	$(PYTHON) -m musicgen.train.prior

ship:
	$(PYTHON) -m musicgen.train.ship

# The evaluation's judge, trained once, for all figures are by its ears; train another after another codec.
listener:
	$(PYTHON) -m musicgen.train.train_listener --out assets/listener.safetensors

evaluate:
	$(PYTHON) -m musicgen.train.evaluate
	$(PYTHON) -m musicgen.train.card
	$(PYTHON) -m musicgen.train.ship --figures
