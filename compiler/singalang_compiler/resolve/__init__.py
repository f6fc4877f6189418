"""From syntax trees to a layer graph and the settings of a job."""
