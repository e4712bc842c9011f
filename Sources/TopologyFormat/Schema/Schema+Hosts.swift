extension Schema {
  /// The hosts of a file.
  static let hostsKey = key(
    "hosts", .map(keys: .name, of: .object("host"), least: 0),
    "machines by name, on which nodes run that name them with `on`", without: "none")

  /// Where a node runs.
  static let onKey = key(
    "on", places,
    "`here`, the name of a host, or several: each start takes the one with the smallest part of its slots in use",
    without: "`here`: beside its group", kinds: [.command, .shell, .program, .nodes, .file])

  /// Where the workers of a stage run.
  static let onKeyOfStage = key(
    "on", places, "`here`, the name of a host, or several, on which its workers run",
    without: "`here`: the machine of the pipeline")

  private static let places = Shape.either(
    scalar: .text(.name), list: .list(of: .text(.name), least: 1, most: 1_000), map: nil,
    orNothing: false)

  static let hostObjects: [ObjectShape] = [
    ObjectShape(
      name: "host", title: "a host",
      keys: [
        key("ssh", .text(.known), "a destination of `ssh`"),
        key(
          "command", .named("arguments"),
          "a command that runs the words behind it there, and joins standard input and output"),
        key(
          "slurm", .object("slurm"),
          "as many hosts as an allocation of Slurm has nodes, or an array tasks"),
        key("local", .yes, "another host on this machine"),
        key(
          "slots", .integer(1...HostKey.most), "how many nodes it is meant to run at a time",
          without: "its processors"),
        key(
          "program", .text(.known), "the path of this program there, or `copied`",
          without: "its path here"),
        key("options", texts, "options for `ssh`, `salloc` or `sbatch`", without: "none"),
        key(
          "lease", .time, "how long nodes there go on without a word from here, `2s` or more",
          without: "10s"),
        key("within", .time, "how long it may take until it is up", without: "30s"),
      ], exactlyOne: ["ssh", "command", "slurm", "local"]),
    ObjectShape(
      name: "slurm", title: "'slurm'",
      keys: [
        key(
          "nodes", .integer(1...HostKey.most), "how many nodes an allocation of one's own has",
          without: "the allocation around the run"),
        key(
          "tasks", .integer(1...HostKey.most),
          "how many tasks an array of one's own has: jobs of one node each, which join later",
          without: "no array"),
        key(
          "array", .integer(1...HostKey.largestJob),
          "the number of an array that is there, whose tasks join as they begin",
          without: "no array"),
        key(
          "minimum", .integer(1...HostKey.most),
          "with how many tasks of the array the nodes that name it begin", without: "1"),
        key("time", .time, "for how long", without: "what the site gives"),
        key("partition", .text(.known), "where", without: "what the site gives"),
      ]),
  ]
}
