"""What our trading does to the price: models behind one contract (`contract.py`), and how impact decays."""
