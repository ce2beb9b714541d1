using System.Collections.Frozen;

namespace Nightmail.Mail.Mime;

/// <summary>The MIME type of a file by its name.</summary>
public static class ContentTypes
{
    /// <summary>The type of what is not known.</summary>
    public const string Unknown = "application/octet-stream";

    private static readonly string[] Table =
    [
        "application/epub+zip: epub",
        "application/gzip: gz tgz",
        "application/json: json",
        "application/msword: doc",
        "application/pdf: pdf",
        "application/postscript: ps",
        "application/rtf: rtf",
        "application/vnd.ms-excel: xls",
        "application/vnd.ms-powerpoint: ppt",
        "application/vnd.oasis.opendocument.presentation: odp",
        "application/vnd.oasis.opendocument.spreadsheet: ods",
        "application/vnd.oasis.opendocument.text: odt",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation: pptx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet: xlsx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document: docx",
        "application/x-7z-compressed: 7z",
        "application/x-bzip2: bz2",
        "application/x-tar: tar",
        "application/x-xz: xz",
        "application/xml: xml",
        "application/yaml: yaml yml",
        "application/zip: zip",
        "application/zstd: zst",
        "audio/aac: aac",
        "audio/flac: flac",
        "audio/mp4: m4a",
        "audio/mpeg: mp3",
        "audio/ogg: ogg",
        "audio/wav: wav",
        "image/avif: avif",
        "image/bmp: bmp",
        "image/gif: gif",
        "image/heic: heic",
        "image/jpeg: jpeg jpg",
        "image/png: png",
        "image/svg+xml: svg",
        "image/tiff: tif tiff",
        "image/vnd.microsoft.icon: ico",
        "image/webp: webp",
        "message/rfc822: eml",
        "text/calendar: ics",
        "text/css: css",
        "text/csv: csv",
        "text/html: htm html",
        "text/javascript: js",
        "text/markdown: md",
        "text/plain: log txt",
        "text/vcard: vcf",
        "text/x-diff: diff patch",
        "video/mp4: mp4",
        "video/quicktime: mov",
        "video/webm: webm",
        "video/x-msvideo: avi",
    ];

    private static readonly FrozenDictionary<string, string> ByExtension = Table
        .Select(row => row.Split(": "))
        .SelectMany(row => row[1].Split(' ').Select(extension => KeyValuePair.Create(extension, row[0])))
        .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The type that the extension stands for, in lower case without parameters; <see cref="Unknown"/> for one that is not in the table.</summary>
    public static string FromFileName(string fileName)
    {
        var dot = fileName.LastIndexOf('.');
        return dot >= 0 && ByExtension.TryGetValue(fileName[(dot + 1)..], out var type) ? type : Unknown;
    }
}
