using System.Collections.Frozen;

namespace Nightmail.Mail.Mime;

/// <summary>The MIME type of a file by its name.</summary>
public static class ContentTypes
{
    /// <summary>The type of what is not known.</summary>
    public const string Unknown = "application/octet-stream";

    private static readonly FrozenDictionary<string, string> ByExtension = new Dictionary<string, string>
    {
        ["7z"] = "application/x-7z-compressed", ["aac"] = "audio/aac", ["avif"] = "image/avif", ["avi"] = "video/x-msvideo",
        ["bmp"] = "image/bmp", ["bz2"] = "application/x-bzip2", ["css"] = "text/css", ["csv"] = "text/csv",
        ["diff"] = "text/x-diff", ["doc"] = "application/msword", ["docx"] = "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ["eml"] = "message/rfc822", ["epub"] = "application/epub+zip", ["flac"] = "audio/flac", ["gif"] = "image/gif",
        ["gz"] = "application/gzip", ["heic"] = "image/heic", ["htm"] = "text/html", ["html"] = "text/html",
        ["ico"] = "image/vnd.microsoft.icon", ["ics"] = "text/calendar", ["jpeg"] = "image/jpeg", ["jpg"] = "image/jpeg",
        ["js"] = "text/javascript", ["json"] = "application/json", ["log"] = "text/plain", ["m4a"] = "audio/mp4",
        ["md"] = "text/markdown", ["mov"] = "video/quicktime", ["mp3"] = "audio/mpeg", ["mp4"] = "video/mp4",
        ["odp"] = "application/vnd.oasis.opendocument.presentation", ["ods"] = "application/vnd.oasis.opendocument.spreadsheet",
        ["odt"] = "application/vnd.oasis.opendocument.text", ["ogg"] = "audio/ogg", ["patch"] = "text/x-diff", ["pdf"] = "application/pdf",
        ["png"] = "image/png", ["ppt"] = "application/vnd.ms-powerpoint",
        ["pptx"] = "application/vnd.openxmlformats-officedocument.presentationml.presentation", ["ps"] = "application/postscript",
        ["rtf"] = "application/rtf", ["svg"] = "image/svg+xml", ["tar"] = "application/x-tar", ["tgz"] = "application/gzip",
        ["tif"] = "image/tiff", ["tiff"] = "image/tiff", ["txt"] = "text/plain", ["vcf"] = "text/vcard", ["wav"] = "audio/wav",
        ["webm"] = "video/webm", ["webp"] = "image/webp", ["xls"] = "application/vnd.ms-excel",
        ["xlsx"] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ["xml"] = "application/xml",
        ["xz"] = "application/x-xz", ["yaml"] = "application/yaml", ["yml"] = "application/yaml", ["zip"] = "application/zip",
        ["zst"] = "application/zstd",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The type that the extension stands for, in lower case without parameters; <see cref="Unknown"/> for one that is not in the table.</summary>
    public static string FromFileName(string fileName)
    {
        var dot = fileName.LastIndexOf('.');
        return dot >= 0 && ByExtension.TryGetValue(fileName[(dot + 1)..], out var type) ? type : Unknown;
    }
}
