extension Graph {
  /// The tree with its dependencies, for a terminal.
  package var text: String { groups[0].label + "\n" + lines(of: 0, indent: "") }

  private func lines(of number: Int, indent: String) -> String {
    let members =
      inner(of: number).map { (position: groups[$0].position, group: Optional($0), box: Box?.none) }
      + boxes.filter { $0.group == number }.map { ($0.position, nil, $0) }
    var text = ""
    for (index, member) in members.sorted(by: { $0.position < $1.position }).enumerated() {
      let isLast = index == members.count - 1
      let branch = indent + (isLast ? "└─ " : "├─ ")
      if let box = member.box {
        text += "\(branch)\(label(box))\(notes(box.id))\n"
      } else if let group = member.group {
        text += "\(branch)\(groups[group].label)\(notes(groups[group].id))\n"
        text += lines(of: group, indent: indent + (isLast ? "   " : "│  "))
      }
    }
    return text
  }

  private func notes(_ id: String) -> String {
    let waits = edges.filter { $0.from == id && $0.kind == .dependsOn }
      .map { "\($0.to.split(separator: "/").last ?? "") \($0.label)" }
    let data = edges.filter { $0.to == id && $0.kind == .data }
      .map {
        "← \($0.from.split(separator: "/").last ?? "")\($0.label.isEmpty ? "" : " by \($0.label)")"
      }
    return (waits.isEmpty ? "" : "  after " + waits.joined(separator: ", "))
      + (data.isEmpty ? "" : "  " + data.joined(separator: ", "))
  }

  /// The graph for Graphviz.
  package var dot: String {
    "digraph \(Self.quoted(groups[0].label)) {\n  rankdir=LR;\n  compound=true;\n  node [shape=box];\n"
      + dot(of: 0, indent: "  ") + edges.map(dot).joined() + "}\n"
  }

  private func dot(of number: Int, indent: String) -> String {
    var text = ""
    for box in boxes where box.group == number {
      text += "\(indent)\(Self.quoted(box.id)) [label=\(Self.quoted(label(box)))];\n"
    }
    for group in inner(of: number) {
      text += "\(indent)subgraph \(Self.quoted("cluster_" + groups[group].id)) {\n"
      text += "\(indent)  label=\(Self.quoted(groups[group].label));\n"
      text += dot(of: group, indent: indent + "  ") + "\(indent)}\n"
    }
    return text
  }

  private func dot(_ edge: Edge) -> String {
    // An edge of a cluster needs a box in it.
    let (from, to) = (anchor(edge.from), anchor(edge.to))
    var marks = [edge.kind == .dependsOn ? "style=dashed" : "style=bold"]
    if !edge.label.isEmpty { marks.append("label=\(Self.quoted(edge.label))") }
    if isGroup(edge.from) { marks.append("ltail=\(Self.quoted("cluster_" + edge.from))") }
    if isGroup(edge.to) { marks.append("lhead=\(Self.quoted("cluster_" + edge.to))") }
    return "  \(Self.quoted(from)) -> \(Self.quoted(to)) [\(marks.joined(separator: ", "))];\n"
  }

  /// The first box of a group, or the box itself.
  private func anchor(_ id: String) -> String {
    boxes.first { $0.id == id || $0.id.hasPrefix(id + "/") }?.id ?? id
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// The graph for Mermaid.
  package var mermaid: String {
    "flowchart LR\n" + mermaid(of: 0, indent: "  ") + edges.map(mermaid).joined()
  }

  private func mermaid(of number: Int, indent: String) -> String {
    var text = ""
    for box in boxes where box.group == number {
      text += "\(indent)\(identity(box.id))[\"\(label(box))\"]\n"
    }
    for group in inner(of: number) {
      text += "\(indent)subgraph \(identity(groups[group].id))[\"\(groups[group].label)\"]\n"
      text += mermaid(of: group, indent: indent + "  ") + "\(indent)end\n"
    }
    return text
  }

  private func mermaid(_ edge: Edge) -> String {
    let arrow = edge.kind == .dependsOn ? "-." : "=="
    let end = edge.kind == .dependsOn ? ".->" : "==>"
    let label = edge.label.isEmpty ? "" : " \"\(edge.label)\" "
    let line = label.isEmpty ? (edge.kind == .dependsOn ? "-.->" : "==>") : arrow + label + end
    return "  \(identity(edge.from)) \(line) \(identity(edge.to))\n"
  }

  /// A name that Mermaid takes.
  private func identity(_ id: String) -> String {
    let number =
      boxes.firstIndex { $0.id == id }.map { "n\($0)" }
      ?? groups.firstIndex { $0.id == id }.map { "g\($0)" }
    return number ?? "none"
  }

  /// The graph as data.
  package var json: JSONValue {
    let nodes =
      groups.dropFirst().map { group in
        JSONValue.object([
          ("id", .text(group.id)), ("address", .text(group.id)), ("kind", .text("group")),
        ])
      }
      + boxes.map { box in
        .object([
          ("id", .text(box.id)), ("address", .text(box.id)), ("kind", .text(box.kind)),
          ("instances", box.instances.map { .integer($0) } ?? .null),
        ])
      }
    let children =
      groups.dropFirst().map { ($0.parent, $0.id) } + boxes.map { (Optional($0.group), $0.id) }
    let tree = children.map { parent, id in
      JSONValue.object([
        ("from", .text(parent.map { $0 == 0 ? "" : groups[$0].id } ?? "")), ("to", .text(id)),
        ("kind", .text("child")),
      ])
    }
    let others = edges.map { edge in
      JSONValue.object([
        ("from", .text(edge.from)), ("to", .text(edge.to)), ("kind", .text(edge.kind.rawValue)),
        (edge.kind == .dependsOn ? "condition" : "partition", .text(edge.label)),
      ])
    }
    return .object([("nodes", .list(nodes)), ("edges", .list(tree + others))])
  }
}
