using Nightmail.Cli;

using var streams = new StandardStreams();
return await NightmailApp.RunAsync(args, Surroundings.Of(streams), CancellationToken.None);
