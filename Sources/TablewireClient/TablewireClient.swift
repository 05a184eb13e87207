// TablewireClient
