import Testing

/// What a directory holds.
struct Totals: Equatable {
  var files = 0
  var lines = 0
  var words = 0
  var bytes = 0

  /// The counts of `find` and `wc`; each file is read by itself, so that words do not run together.
  static func byFindAndWc(_ directory: String) throws -> Self {
    let find = """
      find \(directory) -type f -execdir sh -c 'for f; do wc -lwc < "$f"; done' _ {} + |
        awk '{ l += $1; w += $2; b += $3 } END { print NR, l + 0, w + 0, b + 0 }'
      """
    return try Self(Tool.run(shell: find).output)
  }

  /// The same for directories of many files whose names are plain.
  static func byOneWc(_ directory: String) throws -> Self {
    let find = """
      find \(directory) -type f | wc -l
      find \(directory) -type f -print0 | wc -lwc --files0-from=- | tail -n 1
      """
    return try Self(Tool.run(shell: find).output)
  }

  private init(_ output: String) throws {
    let numbers = output.split { " \n".contains($0) }.compactMap { Int($0) }
    try #require(numbers.count == 4, "\(output)")
    files = numbers[0]
    lines = numbers[1]
    words = numbers[2]
    bytes = numbers[3]
  }

  /// The counts of the tool.
  init(_ object: [String: Any]) throws {
    files = try #require(object["files"] as? Int)
    lines = try #require(object["lines"] as? Int)
    words = try #require(object["words"] as? Int)
    bytes = try #require(object["bytes"] as? Int)
  }
}
