extension Schema {
  /// The keys of every group: the file itself, a node with `nodes`, a node with `file`.
  static let groupKeys: [Key] = [
    key(
      "supervision", .object("supervision"), "which nodes are replaced together, and how often",
      without: "`oneForOne`, 5 in 30 s", kinds: [.nodes, .file]),
    key(
      "limit", .integer(1...100_000), "how many of its nodes are alive at a time",
      without: "any number", kinds: [.nodes, .file]),
    key(
      "endsWith", .named("endsWith"),
      "`all`: when all have ended; `any`: at the first end; a list: when one of these ends, with its exit code",
      without: "`all`", kinds: [.nodes, .file]),
    key(
      "onFailure", .word(["stop", "continue"]),
      "`stop`: a node that failed and is not started again ends the group, which has failed; `continue`: the others go on, and the group has failed at its end",
      without: "`stop`", kinds: [.nodes, .file]),
    key(
      "defaults", .object("defaults"), "the settings of nodes below that do not say otherwise",
      kinds: [.nodes, .file]),
    key(
      "channels", .map(keys: .name, of: .object("channel"), least: 0),
      "channels between programs of this group and of groups below", without: "none",
      kinds: [.nodes, .file]),
  ]

  /// The file itself.
  static let file = ObjectShape(
    name: "topology", title: "a topology",
    keys: [
      key(
        "ptree", .text(.version), "the format: `1`, or `\"1.N\"` for a minor version",
        isRequired: true),
      key("name", .text(.name), "the name of the run", without: "the file's name"),
      key("description", .text(.known), "text for people"),
      key(
        "app", .text(.known), "the path of an executable that has the file's programs",
        without: "none"),
      key(
        "variables", .map(keys: .variableName, of: .named("variableValue"), least: 0),
        "values that expressions refer to", without: "none"),
      key(
        "include",
        .list(
          of: .either(
            scalar: .text(.known), list: nil, map: .object("inclusion"), orNothing: false),
          least: 0, most: 64),
        "files whose `variables`, `hosts`, `channels`, `nodes` and `x-…` count as if they stood here",
        without: "none"),
      key(
        "treeLimit", .integer(1...100_000), "how many programs run at a time in the whole tree",
        without: "any number"),
      hostsKey,
      key("nodes", .named("nodes"), "the nodes by name, in the order of start"),
      key("stop", .object("stop"), "how it is stopped; `within` is the one deadline for all below"),
    ] + groupKeys.map(withoutKinds) + sharedKeys.map(withoutKinds), hasExtensions: true)

  private static func withoutKinds(_ key: Key) -> Key {
    var key = key
    key.kinds = nil
    return key
  }

  /// The keys that a group has for all nodes below it, and a node for itself.
  static let sharedKeys: [Key] = [
    key(
      "environment", .named("environment"),
      "name → text; nothing (`null`) removes; `{secret: TEXT}`, `{secretFile: PATH}`",
      without: "inherited", kinds: [.command, .shell, .nodes, .file]),
    key(
      "environmentFiles", knownTexts, "files of `NAME=value` lines", without: "none",
      kinds: [.command, .shell, .nodes, .file]),
    key(
      "inheritEnvironment", .named("inherited"),
      "`true`, `false`, or the names of the inherited variables", without: "`true`",
      kinds: [.command, .shell, .nodes, .file]),
  ]

  static let groupObjects: [ObjectShape] = [
    ObjectShape(
      name: "supervision", title: "'supervision'",
      keys: [
        key(
          "strategy", .word(["oneForOne", "oneForAll", "restForOne"]),
          "whom a restart replaces: the node, all, or it and those after it",
          without: "`oneForOne`"),
        key("intensity", .object("intensity"), "how many restarts there are before it gives up"),
      ]),
    ObjectShape(
      name: "intensity", title: "'intensity'",
      keys: [
        key("restarts", count, "how many restarts", isRequired: true),
        key("period", .time, "within this time", isRequired: true),
      ]),
    ObjectShape(
      name: "defaults", title: "'defaults'",
      keys: [
        key("restart", .named("restart"), "as of a node"),
        key("stop", .object("stop"), "as of a node"),
        key("environment", .named("environment"), "as of a node"),
        key("directory", .text(.any), "as of a node"),
        key("limits", .object("limits"), "as of a node"),
        key(
          "interpreter", .named("arguments"), "what runs the text of `shell`",
          without: "`[/bin/sh, -c]`"),
        key("log", .object("log"), "as of a node"),
      ]),
    ObjectShape(
      name: "channel", title: "a channel",
      keys: [
        key("of", .text(.known), "the type of its elements", isRequired: true),
        key(
          "kind", .word(["work", "pipe", "broadcast", "service"]), "how elements are shared out",
          without: "`work`"),
        key("returning", .text(.known), "the type of a service's replies"),
        key(
          "overflow", .word(["suspend", "dropOldest", "dropNewest", "fail"]),
          "what a sender does that may not send", without: "`suspend`"),
        key(
          "capacity", .integer(1...1_000_000_000),
          "how many elements wait at a sender before an `overflow` other than `suspend` decides",
          without: "1000"),
        key(
          "prefetch", .integer(1...1_000_000),
          "how many elements of each sender a receiver holds; 1 for long work",
          without: "256, of a service 64"),
        key(
          "attempts", .integer(1...100), "how many receivers an element may kill", without: "3"),
      ]),
    ObjectShape(
      name: "variable", title: "a variable",
      keys: [
        key("default", .text(.record), "its value when none is given", without: "unset"),
        key("required", .boolean, "whether a value has to be given", without: "`false`"),
        key("description", .text(.known), "text for people"),
        key("secret", .boolean, "whether it may stand in `environment` only", without: "`false`"),
      ]),
    ObjectShape(
      name: "inclusion", title: "an entry of 'include'",
      keys: [
        key("file", .text(.known), "the path, from this file", isRequired: true),
        key(
          "variables", .map(keys: .variableName, of: .text(.record), least: 0),
          "values of its variables"),
      ]),
  ]
}
