"""Where to put the boxes of a layered graph so that it reads well. Knows neither layers nor plans nor what it is drawn with."""
