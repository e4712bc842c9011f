public import ProcessTree

/// An app whose command line is that of `ptree`, and whose programs topology files can name.
///
/// ```swift
/// @main
/// struct Crawl: PtreeApp {
///   static let catalog = Catalog(programs: [Frontier.self, Fetch.self, Report.self])
/// }
/// ```
///
/// `./crawl run crawl.yaml`, `check`, `ps`, `stop` and all other commands are then there, and
/// `ptree run crawl.yaml` hands a file over that has `app: .build/release/crawl`.
public protocol PtreeApp: ProcessTreeApp {
  /// The programs and stages that files can name.
  static var catalog: Catalog { get }
}

extension PtreeApp {
  /// The programs of the catalog.
  public static var programs: [any NodeProgram.Type] { catalog.programs }
}
