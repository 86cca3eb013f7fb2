//! Floor 6: results as text and files; a file a format.

pub mod advice;
pub mod columns;
pub mod figures;
pub mod file;
pub mod json;
pub mod number;
pub mod parquet;
pub mod part;
pub mod reality;
pub mod reference;
pub mod rows;
pub mod table;
