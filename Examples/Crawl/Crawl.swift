import PtreeCommands

/// An app whose programs a topology file joins: a crawler of a site that lies in a directory.
///
/// ```
/// swift build --product crawl
/// ptree run Examples/Topologies/crawl.yaml --set site=/usr/share/doc
/// ```
@main
struct Crawl: PtreeApp {
  static let catalog = Catalog(
    programs: [Frontier.self, Fetch.self, Summary.self],
    stages: [ReadPage.self, PageTitle.self])
}
