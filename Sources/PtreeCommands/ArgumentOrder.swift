internal import Glibc
internal import ProcessTreeExamples

/// Puts the example's name first, so that options may stand before it too.
enum ArgumentOrder {
  private static let optionsWithValue: Set<String> = [
    "--events", "--timeout", "--start-method", "--limit", "--post-mortem", "--cgroup", "--set",
    "--variables", "--overlay", "--profile", "--only", "--without", "--wait", "--log",
    "--host", "--hosts",
  ]

  /// The arguments with the name in the place where the parser expects it; throws for a name that
  /// no example has.
  static func nameFirst(_ arguments: [String]) throws -> [String] {
    guard arguments.first == "run" else { return arguments }
    var rest = Array(arguments.dropFirst())
    var index = 0
    while index < rest.count, rest[index].hasPrefix("-"), rest[index] != "--" {
      if rest[index] == "-" { break }
      index += optionsWithValue.contains(rest[index]) ? 2 : 1
    }
    guard index < rest.count, rest[index] != "--" else { return arguments }
    let name = rest.remove(at: index)
    if RunTopology.isFile(name) { return ["run", RunTopology.name, name] + rest }
    // Its help is asked for by the word that stands for any file.
    if name == RunTopology.name { return arguments }
    guard RunningTool.current.catalog == nil else {
      throw UsageError(
        "'\(name)' is no topology file: a path with a slash, or ending in .yaml, .yml or .json, or -."
      )
    }
    guard Examples.all.contains(where: { $0.name == name }) else {
      if access(name, F_OK) == 0 { throw UsageError(advice(name)) }
      let names = Examples.all.map { $0.name }.joined(separator: ", ")
      throw UsageError("there is no example '\(name)'; there are: \(names).")
    }
    try refuseNegativeNumbers(rest.prefix { $0 != "--" })
    return ["run", name] + rest
  }

  /// What to do with a file whose name could be that of an example.
  private static func advice(_ name: String) -> String {
    name.hasPrefix("Procfile")
      ? "'\(name)' is a Procfile, and no topology file: ptree import \(name) makes one of it."
      : "'\(name)' is no example. For the file of this name say ./\(name), or let its name end in "
        + ".yaml, .yml or .json."
  }

  /// Throws for a negative number that is no option's value; the parser takes it for an option.
  private static func refuseNegativeNumbers(_ arguments: ArraySlice<String>) throws {
    for (before, argument) in zip([""] + arguments, arguments) where !before.hasPrefix("--") {
      guard argument.hasPrefix("-"), argument.dropFirst().first?.isNumber == true else { continue }
      throw UsageError("\(argument) is below 0; no example takes such a number.")
    }
  }
}
