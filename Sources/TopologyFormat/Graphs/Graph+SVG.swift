extension Graph {
  /// How many boxes are drawn at most.
  package static let mostDrawn = 300

  /// The graph as a picture: what depends on others stands to the right of them.
  package var svg: String {
    let drawing = Drawing(self)
    let (width, height) = drawing.size
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" \
      height="\(height)" font-family="sans-serif" font-size="12">
      <defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" \
      orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>
      <rect width="100%" height="100%" fill="white"/>

      """
    for edge in edges {
      guard let from = drawing.box(of: edge.kind == .dependsOn ? edge.to : edge.from),
        let to = drawing.box(of: edge.kind == .dependsOn ? edge.from : edge.to)
      else { continue }
      // The line starts at the left box; the arrow points where those of the other formats do.
      let (style, head) =
        edge.kind == .dependsOn
        ? ("stroke-dasharray=\"5 3\"", "marker-start") : ("stroke-width=\"2.5\"", "marker-end")
      let (x1, y1) = (from.x + Drawing.width, from.y + Drawing.height / 2)
      let (x2, y2) = (to.x, to.y + Drawing.height / 2)
      let middle = (x1 + x2) / 2
      text +=
        "<path d=\"M\(x1) \(y1)C\(middle) \(y1) \(middle) \(y2) \(x2) \(y2)\" fill=\"none\" stroke=\"black\" \(style) \(head)=\"url(#a)\"/>\n"
      if !edge.label.isEmpty {
        text +=
          "<text x=\"\(middle)\" y=\"\((y1 + y2) / 2 - 4)\" text-anchor=\"middle\" font-size=\"10\" fill=\"#555\">\(Self.escaped(edge.label))</text>\n"
      }
    }
    for box in boxes {
      guard let place = drawing.places[box.id] else { continue }
      let group = groups[box.group].id
      let label = box.group == 0 ? label(box) : "\(group)/\(label(box))"
      text +=
        "<rect x=\"\(place.x)\" y=\"\(place.y)\" width=\"\(Drawing.width)\" height=\"\(Drawing.height)\" rx=\"4\" fill=\"#eef3fb\" stroke=\"#345\"/>"
        + "<text x=\"\(place.x + Drawing.width / 2)\" y=\"\(place.y + 20)\" text-anchor=\"middle\">\(Self.escaped(Self.cut(label)))</text>\n"
    }
    return text + "</svg>\n"
  }

  private static func cut(_ text: String) -> String {
    text.count > 22 ? "…" + text.suffix(21) : text
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}

/// Where the boxes of a graph stand: columns by the longest way to them.
private struct Drawing {
  static let width = 160
  static let height = 32
  private static let (gapX, gapY, margin) = (80, 18, 20)

  private(set) var places: [String: (x: Int, y: Int)] = [:]
  private var columns: [[String]] = []
  private let graph: Graph

  init(_ graph: Graph) {
    self.graph = graph
    let ids = graph.boxes.prefix(Graph.mostDrawn).map(\.id)
    var column = Dictionary(ids.map { ($0, 0) }, uniquingKeysWith: { first, _ in first })
    // A way has at most as many edges as there are boxes.
    for _ in 0..<ids.count {
      var hasChanged = false
      for edge in graph.edges {
        let (early, late) = edge.kind == .dependsOn ? (edge.to, edge.from) : (edge.from, edge.to)
        let needed = (Self.members(early, ids).compactMap { column[$0] }.max() ?? -1) + 1
        for id in Self.members(late, ids) where column[id, default: 0] < needed {
          column[id] = needed
          hasChanged = true
        }
      }
      if !hasChanged { break }
    }
    columns = Array(repeating: [], count: (column.values.max() ?? 0) + 1)
    for id in ids { columns[column[id] ?? 0].append(id) }
    for (x, ids) in columns.enumerated() {
      for (y, id) in ids.enumerated() {
        places[id] = (
          Self.margin + x * (Self.width + Self.gapX), Self.margin + y * (Self.height + Self.gapY)
        )
      }
    }
  }

  private static func members(_ id: String, _ ids: [String]) -> [String] {
    ids.filter { $0 == id || $0.hasPrefix(id + "/") }
  }

  func box(of id: String) -> (x: Int, y: Int)? {
    places[id] ?? graph.boxes.first { $0.id.hasPrefix(id + "/") }.flatMap { places[$0.id] }
  }

  var size: (Int, Int) {
    let rows = columns.map(\.count).max() ?? 1
    return (
      2 * Self.margin + columns.count * (Self.width + Self.gapX) - Self.gapX,
      2 * Self.margin + rows * (Self.height + Self.gapY) - Self.gapY
    )
  }
}
