//! A table as a Parquet file: one row group, a column as its cells are, numbers that may be missing.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::export::columns::{Cells, Column};

/// The bytes of the file.
///
/// # Errors
///
/// The columns are not of one length.
pub fn file(columns: &[Column]) -> Result<Vec<u8>> {
    let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>>>()?;
    let schema = Arc::new(Type::group_type_builder("gilsim").with_fields(fields).build()?);
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(WriterProperties::new()))?;
    let mut group = file.next_row_group()?;
    let mut left = columns.iter();
    while let Some(mut writer) = group.next_column()? {
        let Some(column) = left.next() else { break };
        write(writer.untyped(), &column.cells)?;
        writer.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(bytes)
}

fn field(column: &Column) -> Result<TypePtr> {
    let (physical, logical, repetition) = match column.cells {
        Cells::Texts(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
        Cells::Counts(_) => (Physical::INT64, Some(LogicalType::integer(64, false)), Repetition::REQUIRED),
        Cells::Flags(_) => (Physical::BOOLEAN, None, Repetition::REQUIRED),
        Cells::Numbers(_) => (Physical::DOUBLE, None, Repetition::OPTIONAL),
    };
    let builder = Type::primitive_type_builder(&column.name, physical)
        .with_repetition(repetition)
        .with_converted_type(ConvertedType::NONE)
        .with_logical_type(logical);
    Ok(Arc::new(builder.build()?))
}

fn write(writer: &mut ColumnWriter<'_>, cells: &Cells) -> Result<()> {
    match (writer, cells) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Cells::Texts(cells)) => {
            let texts: Vec<ByteArray> = cells.iter().map(|cell| cell.as_str().into()).collect();
            writer.write_batch(&texts, None, None)?;
        }
        (ColumnWriter::Int64ColumnWriter(writer), Cells::Counts(cells)) => {
            let counts: Vec<i64> = cells.iter().map(|cell| cell.cast_signed()).collect();
            writer.write_batch(&counts, None, None)?;
        }
        (ColumnWriter::BoolColumnWriter(writer), Cells::Flags(cells)) => {
            writer.write_batch(cells, None, None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Cells::Numbers(cells)) => {
            let present: Vec<f64> = cells.iter().flatten().copied().collect();
            let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
            writer.write_batch(&present, Some(&levels), None)?;
        }
        _ => return Err(ParquetError::General("a column is of another type than its cells".to_owned())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let column = |name: &str, cells| Column { name: name.to_owned(), cells };
        let columns = [
            column("run", Cells::Texts(vec!["a".to_owned(), "b".to_owned()])),
            column("seed", Cells::Counts(vec![1, u64::MAX])),
            column("complete", Cells::Flags(vec![true, false])),
            column("badness", Cells::Numbers(vec![Some(0.5), None])),
        ];
        let bytes = file(&columns).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].get_string(0).unwrap().as_str(), rows[0].get_ulong(1).unwrap()), ("a", 1));
        assert_eq!((rows[1].get_ulong(1).unwrap(), rows[1].get_bool(2).unwrap()), (u64::MAX, false));
        assert_eq!(rows[0].get_double(3).unwrap(), 0.5);
        assert!(rows[1].get_double(3).is_err());
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        let columns = [Column { name: "makespan".to_owned(), cells: Cells::Numbers(vec![Some(1.0)]) }];
        assert_eq!(file(&columns).unwrap(), file(&columns).unwrap());
    }
}
