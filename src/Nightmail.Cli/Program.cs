using Nightmail.Cli;

return await NightmailApp.RunAsync(args, Surroundings.OfThisProcess(), CancellationToken.None);
