/// Rows of text in aligned columns.
struct TextTable {
  /// The rows, the heading first.
  var rows: [[String]]
  /// The columns that are aligned to the right, as numbers are.
  var rightAligned: Set<Int> = []

  /// The lines, without spaces at their ends.
  var text: String {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if rightAligned.contains(column) { return padding + cell }
        return column == row.count - 1 ? cell : cell + padding
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
