//! What the browser sees when it comes back: two pages of ours, with nothing foreign on them and nothing that runs.

/// The page for the visit that counted.
pub(super) fn arrived() -> String {
    page(
        "200 OK",
        "Back to Consentry",
        "Your answer has arrived. You can close this page; Consentry shows how it went.",
    )
}

/// The page for one that did not.
pub(super) fn turned_away(status: u16) -> String {
    let line = match status {
        404 => "404 Not Found",
        405 => "405 Method Not Allowed",
        431 => "431 Request Header Fields Too Large",
        _ => "400 Bad Request",
    };
    page(line, "Nothing is here", "This is no answer that Consentry waits for. You can close this page.")
}

fn page(status: &str, title: &str, text: &str) -> String {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Referrer-Policy: no-referrer\r\n\
         Cache-Control: no-store\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
