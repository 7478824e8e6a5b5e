//! The budget in a simulation with virtual time.
