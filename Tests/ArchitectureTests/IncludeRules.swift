/// What C files may include: the C library, and headers of their own target.
enum IncludeRules {
  /// The one target that is there to reach a foreign library.
  private static let foreign = ["CZeroMQ": "zmq.h"]

  static func violations(in files: [SourceFile]) -> [Violation] {
    let owned = Set(files.map(\.path))
    return files.flatMap { file in
      file.lines.enumerated().compactMap { index, text -> Violation? in
        guard let target = file.target, let header = header(in: text) else { return nil }
        let reason: String
        if header.isQuoted {
          let isOwn = ["", "include/"].contains {
            owned.contains("Sources/\(target)/\($0)\(header.name)")
          }
          if isOwn { return nil }
          reason = "\(header.name) is not a header of \(target)"
        } else {
          let isForeign = header.name.hasPrefix("zmq") || header.name.hasPrefix("sodium")
          if !isForeign || foreign[target] == header.name { return nil }
          reason = "\(target) may include the C library only, not \(header.name)"
        }
        return Violation(path: file.path, line: index + 1, reason: reason)
      }
    }
  }

  private static func header(in line: Substring) -> (name: String, isQuoted: Bool)? {
    let code = line.filter { $0 != " " && $0 != "\t" }
    guard code.hasPrefix("#include") else { return nil }
    let rest = code.dropFirst("#include".count)
    guard let first = rest.first, first == "\"" || first == "<" else { return nil }
    let name = rest.dropFirst().prefix { $0 != "\"" && $0 != ">" }
    return (String(name), first == "\"")
  }
}
