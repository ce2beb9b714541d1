using Nightmail.Cli;

using var streams = new StandardStreams();
return NightmailApp.Run(args, Surroundings.Of(streams), CancellationToken.None);
