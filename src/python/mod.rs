//! Floor 2: programs and bytecode, where ticks and eval-breaker checks fall, and the lock policies.

pub mod event_loop;
pub mod exception;
pub mod gil;
pub mod interpreter;
pub mod listing;
pub mod opcodes;
pub mod program;
pub mod stretch;
pub mod threading;
