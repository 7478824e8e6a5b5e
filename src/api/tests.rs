//! Whole calls against the scripted server.
